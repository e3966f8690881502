"""The bundled weights, each in a folder with its card and the recipe that makes it again."""
