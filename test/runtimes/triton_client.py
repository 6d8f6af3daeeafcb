"""NVIDIA's client of the protocol against a running server: HOST:PORT of one that serves the columns model as `m`."""

import sys

import numpy as np
import tritonclient.http as http

client = http.InferenceServerClient(sys.argv[1])
assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("m")
assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
assert [each["name"] for each in client.get_model_metadata("m")["inputs"]] == ["weight", "pieces", "name"]

COLUMNS = {
    "weight": np.array([0.5, np.nan, 2], np.float32),
    "pieces": np.array([2, 1, 2**62], np.int64),
    "name": np.array(["nail", "", "Größe 😀".encode()], object),
}


def ask(sends_binary, wants_binary, coding=None):
    inputs = []
    for name, values in COLUMNS.items():
        datatype = {"f": "FP32", "i": "INT64", "O": "BYTES"}[values.dtype.kind]
        tensor = http.InferInput(name, list(values.shape), datatype)
        tensor.set_data_from_numpy(values, binary_data=sends_binary)
        inputs.append(tensor)
    outputs = [http.InferRequestedOutput(name, binary_data=wants_binary) for name in ("label", "total")]
    return client.infer("m", inputs, request_id="7", outputs=outputs, **({"request_compression_algorithm": coding, "response_compression_algorithm": coding} if coding else {}))


def check(answer, third):
    assert answer.get_response()["id"] == "7"
    total, label = answer.as_numpy("total"), answer.as_numpy("label")
    assert total.dtype == np.float32 and total[0] == 1 and total[2] == third, total
    texts = [text.decode() if isinstance(text, bytes) else text for text in label]
    assert texts == ["nail", "", "Größe 😀"], texts


answer = ask(True, True)
check(answer, np.float32(2**63))
assert np.isnan(answer.as_numpy("total")[1])
COLUMNS["weight"][1] = 1
for sends_binary in (True, False):
    for wants_binary in (True, False):
        check(ask(sends_binary, wants_binary), np.float32(2**63))
for coding in ("gzip", "deflate"):
    for binary in (True, False):
        check(ask(binary, binary, coding), np.float32(2**63))
print("9 requests answered")
