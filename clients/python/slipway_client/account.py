"""The Slipway of a stage in an AWS account, by boto3 with the caller's own credentials.

It reads what the command line reads: the stack's outputs, and the registry's table.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, TypeVar

from .failure import Failure
from .http_request import send
from .place import ENDINGS, Event, Sent, Upload

Answer = TypeVar("Answer")

DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "ExpiredToken"}
THROTTLED = {"Throttling", "ThrottlingException", "SlowDown", "RequestLimitExceeded"}
# S3 takes a single put of 5 GB, and 10,000 parts.
PART_BYTES = 64 * 1024 * 1024


class Account:
    """A stage of Slipway. `key` is a key of `slipway keys create`; only `predict` needs it."""

    look_seconds = 2.0

    def __init__(
        self, stage: str, *, region: str | None, profile: str | None, key: str | None
    ) -> None:
        self.stack = f"slipway-{stage}"
        self.key = key
        boto3 = _boto3()
        self._session = boto3.Session(region_name=region, profile_name=profile)

    def url(self, model: str) -> str:
        return f"{self._outputs['Endpoint']}/models/{model}"

    def put(self, upload: Upload, sent: Sent) -> str | None:
        version = _translated(lambda: self._put(upload, sent))
        if version is None:
            raise Failure("InputInvalid", f"the bucket {self._bucket} is not versioned")
        return _deployment_id(self._bucket, upload.key, version) if _starts(upload.key) else None

    def keys(self, prefix: str) -> list[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        return _translated(
            lambda: [each["Key"] for page in pages for each in page.get("Contents", [])]
        )

    def remove(self, key: str) -> None:
        _translated(lambda: self._s3.delete_object(Bucket=self._bucket, Key=key))

    def events(self, deployment: str, after: str) -> list[Event]:
        rows = self._rows(f"EVENTS#DEPLOYMENT#{deployment}", after)
        found = [(row["sk"]["S"], json.loads(row["record"]["S"])) for row in rows]
        return [
            Event.of(number, event["detail"])
            for number, event in found
            if event["detail-type"] == "Deployment State Change"
        ]

    def stage(self, deployment: str) -> str:
        return ""

    def versions(self, model: str) -> list[Mapping[str, Any]]:
        rows = self._rows(f"VERSIONS#{model}", "")
        versions = [json.loads(row["record"]["S"]) for row in reversed(rows)]
        return [{**each, "artifact": self._artifact(each["deploymentId"])} for each in versions]

    def roll_back(self, model: str, to: int | None) -> tuple[str | None, str]:
        self._refuse_under_way(model)
        deployment = secrets.token_hex(16)
        request = {
            "kind": "rollback",
            "deploymentId": deployment,
            "model": model,
            "to": to,
            "reason": "requested by the Python client",
        }
        _translated(
            lambda: self._client("stepfunctions").start_execution(
                stateMachineArn=self._outputs["RollbackWorkflow"],
                name=f"{model}-rollback-{deployment[:16]}-a1",
                input=json.dumps(request),
            )
        )
        return deployment, f"{model} goes back"

    def ask(self, model: str, body: bytes) -> tuple[bytes, str]:
        if not self.key:
            raise Failure(
                "PlatformDenied",
                f"a key is needed to call {model}",
                "Make one with `slipway keys create`, and pass it as connect(key=...), or in SLIPWAY_KEY.",
            )
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.key}"}
        return send(f"{self.url(model)}/invocations", method="POST", headers=headers, body=body)

    @cached_property
    def _outputs(self) -> Mapping[str, str]:
        """The outputs of the stage's stack."""
        try:
            found = self._client("cloudformation").describe_stacks(StackName=self.stack)
        except Exception as error:
            if "does not exist" in str(error):
                raise Failure(
                    "InputInvalid",
                    f"there is no stack {self.stack} in {self._session.region_name}",
                    "Install it with `slipway deploy`, or name another stage, region or profile.",
                ) from error
            raise _failure(error) from error
        outputs = found["Stacks"][0].get("Outputs", [])
        return {each["OutputKey"]: each["OutputValue"] for each in outputs}

    @property
    def _bucket(self) -> str:
        return self._outputs["Bucket"]

    @cached_property
    def _s3(self) -> Any:
        return self._client("s3")

    @cached_property
    def _dynamo(self) -> Any:
        return self._client("dynamodb")

    def _client(self, service: str) -> Any:
        return self._session.client(service)

    def _put(self, upload: Upload, sent: Sent) -> str | None:
        """The version of the new object."""
        where = {"Bucket": self._bucket, "Key": upload.key}
        if isinstance(upload.content, bytes):
            return _version(self._s3.put_object(**where, Body=upload.content))
        if upload.size_bytes <= PART_BYTES:
            with upload.content.open("rb") as file:
                return _version(self._s3.put_object(**where, Body=file))
        started = {**where, "UploadId": self._s3.create_multipart_upload(**where)["UploadId"]}
        try:
            return self._put_parts(started, upload, sent)
        except BaseException:
            self._s3.abort_multipart_upload(**started)
            raise

    def _put_parts(self, started: dict[str, str], upload: Upload, sent: Sent) -> str | None:
        assert not isinstance(upload.content, bytes)
        parts: list[dict[str, Any]] = []
        size = max(PART_BYTES, upload.size_bytes // 9_999 + 1)
        with upload.content.open("rb") as file:
            while piece := file.read(size):
                number = len(parts) + 1
                part = self._s3.upload_part(**started, PartNumber=number, Body=piece)
                parts.append({"PartNumber": number, "ETag": part["ETag"]})
                sent(file.tell())
        done = self._s3.complete_multipart_upload(**started, MultipartUpload={"Parts": parts})
        return _version(done)

    def _rows(self, partition: str, after: str) -> list[dict[str, Any]]:
        """The rows of a partition of the table after a sort key, in its order."""
        pages = self._dynamo.get_paginator("query").paginate(
            TableName=self._outputs["Table"],
            KeyConditionExpression="pk = :pk AND sk > :after",
            ExpressionAttributeValues={":pk": {"S": partition}, ":after": {"S": after or " "}},
            ConsistentRead=True,
        )
        return _translated(lambda: [row for page in pages for row in page["Items"]])

    def _record(self, partition: str, sort: str) -> Mapping[str, Any] | None:
        key = {"pk": {"S": partition}, "sk": {"S": sort}}
        found = _translated(
            lambda: self._dynamo.get_item(
                TableName=self._outputs["Table"], Key=key, ConsistentRead=True
            )
        )
        return json.loads(found["Item"]["record"]["S"]) if "Item" in found else None

    def _artifact(self, deployment: str) -> str:
        """The key of the object that started a deployment."""
        record = self._record(f"DEPLOYMENT#{deployment}", "RECORD")
        return str(record["deployment"]["artifact"]["key"]) if record else ""

    def _refuse_under_way(self, model: str) -> None:
        """The command line gives up a deployment that is under way; here it has to end first."""
        record = self._record("MODELS", f"MODEL#{model}")
        if record is None:
            raise Failure("InputInvalid", f"there is no model {model} in {self.stack}")
        newest = record["model"]["newestDeploymentId"]
        states = [event.state for event in self.events(newest, "")]
        if states and states[-1] not in ENDINGS:
            raise Failure(
                "PhaseConflict",
                f"a deployment of {model} is under way",
                f"Wait until it has ended, or give it up with `slipway abort {model}`.",
            )


def _boto3() -> Any:
    try:
        import boto3  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError as error:
        raise Failure(
            "InputInvalid", "an account needs the package boto3", "Install it: pip install boto3."
        ) from error
    return boto3


def _version(answer: Mapping[str, Any]) -> str | None:
    version = answer.get("VersionId")
    return None if version is None else str(version)


def _starts(key: str) -> bool:
    """Whether the object may start a deployment: not the manifest beside a file, nor its tensors."""
    name = key.rsplit("/", 1)[-1]
    if name == "model.yaml":
        return True
    is_in_folder = key.count("/") > 2
    return not is_in_folder and not name.endswith((".yaml", ".onnx.data", ".onnx_data"))


def _deployment_id(bucket: str, key: str, version: str) -> str:
    """As Slipway makes it: the first 32 digits of the SHA-256 of bucket, key and version as JSON."""
    text = json.dumps([bucket, key, version], separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _translated(work: Callable[[], Answer]) -> Answer:
    try:
        return work()
    except Failure:
        raise
    except Exception as error:
        raise _failure(error) from error


def _failure(error: Exception) -> Failure:
    """The failure of an error of boto3, whose own classes are made at run time."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
    if code in DENIED:
        return Failure("PlatformDenied", str(error), "Ask for the rights in docs/deploy.md.")
    if code in THROTTLED:
        return Failure("PlatformThrottled", str(error), "Try again in a while.")
    return Failure("PlatformUnavailable", f"{type(error).__name__}: {error}")
