/** The owner's remedies for a model that is not served as it is. */
export const PREDICT =
  'a predict.py that loads it (`slipway inspect PATH --write-predict` writes one)';
/** The workaround that fits every model. */
export const BY_CODE = `put it in a folder with ${PREDICT}`;

export const TORCH = `Export it with torch.onnx.export and upload the .onnx file, or ${BY_CODE}.`;
export const TENSORFLOW = `Convert it to ONNX with tf2onnx and upload the .onnx file, or ${BY_CODE}.`;
/** How to save a Keras file again that contains only weights, or that cannot be read. */
export const HDF5 = `Save it as Keras 3 does, where it was made: \`model = keras.saving.load_model("FILE"); model.save("model.keras")\`. Where it has weights alone, make the layers first: \`model = keras.Sequential([keras.Input(shape=…), …]); model.load_weights("FILE"); model.save("model.keras")\`. Upload that, or ${BY_CODE}.`;
export const HUGGING_FACE = `Export it with \`optimum-cli export onnx\` and upload the result, or ${BY_CODE}.`;
export const PADDLE = `Convert it to ONNX (\`paddle2onnx --model_dir FOLDER --save_file model.onnx\`) and upload the .onnx file, or ${BY_CODE}.`;
export const JAX = `Its numbers alone say nothing of what is done with them: export it where its code is, as a SavedModel by jax2tf or to ONNX, or ${BY_CODE}.`;
export const CORE_ML =
  'Core ML predicts on macOS alone: upload the model that it was converted from, as its framework saves it, or exported to ONNX.';
