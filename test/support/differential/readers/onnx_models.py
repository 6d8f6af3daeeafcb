"""`onnx.load`, and ONNX Runtime, which serves it."""

import onnx
import onnxruntime


def difference(data, found, names):
    graph = onnx.load_from_string(data).graph
    own = {each.name for each in graph.initializer} | {each.values.name for each in graph.sparse_initializer}
    told = _compared("onnx", found, [each.name for each in graph.input if each.name not in own], [each.name for each in graph.output])
    if told:
        return told
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return _compared("ONNX Runtime", found, [each.name for each in session.get_inputs()], [each.name for each in session.get_outputs()])


def _compared(reader, found, inputs, outputs):
    made = {"inputs": inputs, "outputs": outputs}
    return next((f"{key}: inspection found {found[key]}, {reader} {made[key]}"[:300] for key in made if made[key] != found[key]), None)
