"""Works in a registry of MLflow as its users do: python mlflow_registry.py URL register NAME FILE… | alias NAME VERSION [TIMES] | tags NAME VERSION."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import mlflow
from mlflow import MlflowClient

url, what, name, *rest = sys.argv[1:]
mlflow.set_tracking_uri(url)
client = MlflowClient()

if what == "register":
    client.create_registered_model(name)
    for path in rest:
        with mlflow.start_run() as run:
            mlflow.log_artifact(path, "model")
            source = f"{run.info.artifact_uri}/model"
        client.create_model_version(name, source, run.info.run_id)
elif what == "alias":
    version, times = rest[0], int((rest[1:] or ["1"])[0])
    with ThreadPoolExecutor(4) as pool:
        moves = [
            pool.submit(client.set_registered_model_alias, name, "champion", version)
            for _ in range(times)
        ]
        for move in moves:
            move.result()
else:
    print(json.dumps(client.get_model_version(name, rest[0]).tags))
