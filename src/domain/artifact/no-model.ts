/** A file that accompanies a model but is not one: its name in messages, why it is not a model, what to do, and its endings. */
export type NoModel = {
  readonly name: string;
  readonly why: string;
  readonly fix: string;
  readonly endings: RegExp;
};

export const DOWNLOAD: NoModel = {
  name: 'a download that has not ended',
  why: 'and no model yet',
  fix: 'Wait until it has, then upload the file under the name that it has then.',
  endings: /\.(crdownload|download|opdownload|part|partial)$/i,
};

export const NOTEBOOK: NoModel = {
  name: 'a notebook',
  why: 'which makes a model but is not one',
  fix: 'Let its last cell save the model (joblib.dump, save_model, save_pretrained, torch.export.save), and upload what that writes.',
  endings: /\.ipynb$/i,
};

export const DATA: NoModel = {
  name: 'data',
  why: 'of which a model may be made',
  fix: 'Upload the model, as its framework saved it.',
  endings: /\.(csv|tsv|parquet|arrow|feather|jsonl|npy|npz|mat|xlsx?|sqlite)$/i,
};

const ZSTD: NoModel = {
  name: 'compressed by zstd',
  why: 'which no framework reads by itself',
  fix: 'Decompress it (`zstd -d FILE`) and upload what that writes; joblib.dump(model, "model.joblib", compress=3) compresses by what it reads.',
  endings: /\.zst$/i,
};

/** The description of a file that starts no deployment by itself, by its name; undefined when the name does not decide. */
export function noModelNamed(name: string): NoModel | undefined {
  return [DOWNLOAD, NOTEBOOK, DATA, ZSTD].find(({ endings }) => endings.test(name));
}
