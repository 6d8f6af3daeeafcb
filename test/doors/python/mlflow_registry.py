"""Works in a registry of MLflow as its users do: python mlflow_registry.py URL.

It is asked by lines of standard input, each a list in JSON, and answers each by a line of JSON:
["register", NAME, FILE…], ["alias", NAME, VERSION, TIMES] or ["tags", NAME, VERSION].
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import mlflow
from mlflow import MlflowClient

(url,) = sys.argv[1:]
mlflow.set_tracking_uri(url)
client = MlflowClient()


def register(name, *paths):
    client.create_registered_model(name)
    for path in paths:
        with mlflow.start_run() as run:
            mlflow.log_artifact(path, "model")
            source = f"{run.info.artifact_uri}/model"
        client.create_model_version(name, source, run.info.run_id)


def alias(name, version, times="1"):
    with ThreadPoolExecutor(4) as pool:
        moves = [
            pool.submit(client.set_registered_model_alias, name, "champion", version)
            for _ in range(int(times))
        ]
        for move in moves:
            move.result()


def tags(name, version):
    return client.get_model_version(name, version).tags


# MLflow prints links to its runs.
answers, sys.stdout = sys.stdout, sys.stderr
for line in sys.stdin:
    what, *rest = json.loads(line)
    print(json.dumps({"register": register, "alias": alias, "tags": tags}[what](*rest)), file=answers, flush=True)
