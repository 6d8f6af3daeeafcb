"""Deploys a file from a real notebook, and prints the outputs of its cell: python client_notebook.py FILE."""

import json
import sys

import nbformat
from nbclient import NotebookClient

DEPLOY = f"""
import slipway_client as slipway
slipway.deploy({sys.argv[1]!r}, name="notebook", example=[1, 2]).predict([1, 2])
"""

cell = nbformat.v4.new_code_cell(DEPLOY)
notebook = nbformat.v4.new_notebook(cells=[cell])
NotebookClient(notebook, timeout=300).execute()
print(json.dumps([output.data for output in cell.outputs if "data" in output]))
