"""The networks: OSNet and OSNet-AIN trunks with one multi-branch head."""
