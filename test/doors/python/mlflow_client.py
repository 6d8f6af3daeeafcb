"""Keeps the artifacts of an MLflow run in a bucket: python mlflow_client.py FOLDER."""

import sys
from pathlib import Path

from mlflow.store.artifact.s3_artifact_repo import S3ArtifactRepository

artifacts = S3ArtifactRepository("s3://bucket/mlflow/1/abc/artifacts")
artifacts.log_artifacts(sys.argv[1], "model")
names = sorted(file.path for file in artifacts.list_artifacts("model"))
assert names == ["model/a", "model/large.bin"], names
there = Path(artifacts.download_artifacts("model"))
assert (there / "large.bin").read_bytes() == (Path(sys.argv[1]) / "large.bin").read_bytes()
artifacts.delete_artifacts("model")
assert artifacts.list_artifacts() == []
