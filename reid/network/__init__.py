"""The networks: OSNet, ResNet and palette trunks with one multi-branch head."""
