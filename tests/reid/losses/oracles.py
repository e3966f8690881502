"""The losses as plain loops over floats, straight from their equations."""

import itertools
import math

Matrix = list[list[float]]
Labels = list[int]


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def positives(y: Labels, i: int) -> list[int]:
    return [j for j in range(len(y)) if j != i and y[j] == y[i]]


def negatives(y: Labels, i: int) -> list[int]:
    return [j for j in range(len(y)) if y[j] != y[i]]


def hinge(p: float, n: float, margin: float | None) -> float:
    return math.log1p(math.exp(p - n)) if margin is None else max(0.0, p - n + margin)


def contrastive(d: Matrix, y: Labels, margin: float) -> float:
    terms = []
    for i in range(len(y)):
        for j in range(i + 1, len(y)):
            terms.append(d[i][j] ** 2 if y[i] == y[j] else max(0.0, margin - d[i][j] ** 2))
    return mean(terms)


def triplet(d: Matrix, y: Labels, margin: float | None) -> float:
    return mean(
        [hinge(d[a][p], d[a][n], margin) for a in range(len(y)) for p in positives(y, a) for n in negatives(y, a)]
    )


def improved_triplet(d: Matrix, y: Labels, tau1: float, tau2: float, beta: float) -> float:
    terms = []
    for a in range(len(y)):
        for p in positives(y, a):
            for n in negatives(y, a):
                terms.append(max(d[a][p] ** 2 - d[a][n] ** 2, tau1) + beta * max(d[a][p] ** 2, tau2))
    return mean(terms)


def quadruplet(d: Matrix, y: Labels, alpha1: float, alpha2: float) -> float:
    near, far = [], []
    for i in range(len(y)):
        for j in positives(y, i):
            for k in negatives(y, i):
                near.append(max(0.0, d[i][j] ** 2 - d[i][k] ** 2 + alpha1))
                for other in range(len(y)):
                    if y[other] not in (y[i], y[k]):
                        far.append(max(0.0, d[i][j] ** 2 - d[other][k] ** 2 + alpha2))
    return mean(near) + mean(far)


def batch_hard(d: Matrix, y: Labels, margin: float | None) -> float:
    terms = []
    for a in range(len(y)):
        if positives(y, a) and negatives(y, a):
            terms.append(hinge(max(d[a][p] for p in positives(y, a)), min(d[a][n] for n in negatives(y, a)), margin))
    return mean(terms)


def soft_batch_hard(d: Matrix, y: Labels, margin: float | None) -> float:
    terms = []
    for a in range(len(y)):
        if positives(y, a) and negatives(y, a):
            up = [math.exp(d[a][p]) for p in positives(y, a)]
            down = [math.exp(-d[a][n]) for n in negatives(y, a)]
            dp = sum(w * d[a][p] for w, p in zip(up, positives(y, a), strict=True)) / sum(up)
            dn = sum(w * d[a][n] for w, n in zip(down, negatives(y, a), strict=True)) / sum(down)
            terms.append(hinge(dp, dn, margin))
    return mean(terms)


def supervised_contrastive(d: Matrix, y: Labels, tau: float) -> float:
    terms = []
    for a in range(len(y)):
        if not positives(y, a):
            continue
        smallest = min(d[a][j] for j in range(len(y)) if j != a)
        total = sum(math.exp((smallest - d[a][j]) / tau) for j in range(len(y)) if j != a)
        terms.append(mean([(d[a][p] - smallest) / tau + math.log(total) for p in positives(y, a)]))
    return mean(terms)


def margin_sample(d: Matrix, y: Labels, margin: float | None) -> float:
    same = [d[i][j] for i in range(len(y)) for j in positives(y, i)]
    different = [d[i][j] for i in range(len(y)) for j in negatives(y, i)]
    return hinge(max(same), min(different), margin) if same and different else 0.0


def softmax(row: list[float]) -> list[float]:
    top = max(row)
    weights = [math.exp(value - top) for value in row]
    return [weight / sum(weights) for weight in weights]


def smoothed_cross_entropy(logits: Matrix, y: Labels, epsilon: float) -> float:
    terms = []
    for row, label in zip(logits, y, strict=True):
        p, total = softmax(row), 0.0
        for c in range(len(row)):
            q = (1 - epsilon) * (c == label) + epsilon / len(row)
            total -= q * math.log(p[c])
        terms.append(total)
    return mean(terms)


def attribute_cross_entropy(logits: list[Matrix], y: list[Labels]) -> float:
    """logits: of each question a row per crop; y: of each crop a label per question, negative where there is none."""
    terms = []
    for question in range(len(logits)):
        known = [i for i in range(len(y)) if y[i][question] >= 0]
        if known:
            terms.append(mean([-math.log(softmax(logits[question][i])[y[i][question]]) for i in known]))
    return mean(terms)


def distillation(student: Matrix, teacher: Matrix, tau: float) -> float:
    terms = []
    for s, t in zip(student, teacher, strict=True):
        ps, pt = softmax([v / tau for v in s]), softmax([v / tau for v in t])
        terms.append(tau**2 * sum(b * math.log(b / a) for a, b in zip(ps, pt, strict=True)))
    return mean(terms)


def metric_mutual(a: Matrix, b: Matrix) -> float:
    n = len(a)
    return sum(2 * (a[i][j] - b[i][j]) ** 2 for i in range(n) for j in range(n)) / n**2 if n else 0.0


def ranking_probability(s: list[float], ranking: list[int]) -> float:
    probability = 1.0
    for place in range(len(ranking)):
        probability *= math.exp(s[ranking[place]]) / sum(math.exp(s[j]) for j in ranking[place:])
    return probability


def hard_darkrank(student: Matrix, teacher: Matrix) -> float:
    terms = []
    for s, t in zip(student, teacher, strict=True):
        ranking = sorted(range(len(t)), key=lambda j, t=t: (-t[j], j))
        terms.append(-math.log(ranking_probability(s, ranking)))
    return mean(terms)


def soft_darkrank(student: Matrix, teacher: Matrix) -> float:
    terms = []
    for s, t in zip(student, teacher, strict=True):
        total = 0.0
        for ranking in itertools.permutations(range(len(s))):
            pt, ps = ranking_probability(t, list(ranking)), ranking_probability(s, list(ranking))
            total += pt * math.log(pt / ps)
        terms.append(total)
    return mean(terms)


def all_paths(rows: int, columns: int) -> list[list[tuple[int, int]]]:
    """Every way from (0, 0) to the last cell by moves right and down."""
    paths = []
    steps = rows + columns - 2
    for downs in itertools.combinations(range(steps), rows - 1):
        cell, path = (0, 0), [(0, 0)]
        for step in range(steps):
            cell = (cell[0] + 1, cell[1]) if step in downs else (cell[0], cell[1] + 1)
            path.append(cell)
        paths.append(path)
    return paths


def shortest_path(element: Matrix) -> float:
    return min(sum(element[i][j] for i, j in path) for path in all_paths(len(element), len(element[0])))


def part_averaged(parts: list[Matrix], visibility: Matrix, least: float) -> tuple[Matrix, list[list[bool]]]:
    n = len(parts)
    d = [[0.0] * n for _ in range(n)]
    comparable = [[False] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            total, weighted = 0.0, 0.0
            for k in range(len(parts[i])):
                w = visibility[i][k] * visibility[j][k]
                total += w
                weighted += w * math.dist(parts[i][k], parts[j][k])
            comparable[i][j] = total > least
            d[i][j] = weighted / max(total, least)
    return d, comparable
