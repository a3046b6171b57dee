"""Compares bootstrap.yaml with compose.yaml: it may change db1's command only, and that by one more word.

usage: compose.py FOLDER
"""

import pathlib
import sys

import yaml  # docker-compose depends on it


def services(file):
    return yaml.safe_load((pathlib.Path(sys.argv[1]) / file).read_text())["services"]


command = services("compose.yaml")["db1"]["command"]
if services("bootstrap.yaml") != {"db1": {"command": [*command, "--wsrep-new-cluster"]}}:
    sys.exit("bootstrap.yaml is not db1's command of compose.yaml and --wsrep-new-cluster")
print("ok: docker-compose understands the compose files, and bootstrap.yaml adds one word")
