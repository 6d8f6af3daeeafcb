import { readFileSync } from 'node:fs';
import { draftPredict } from '#formats/code/predict-draft.ts';
import { memoryFile } from '../../support/bytes/archive-files.ts';
import { zipOf } from '../../support/bytes/zip.ts';
import { fixtureOf } from '../../support/models/dropped.ts';

describe('a draft of predict.py', () => {
  it.each([
    ['counter-scripted.pt', 'self.model = torch.jit.load(FILE, map_location="cpu").eval()', false],
    [
      'whole.pt',
      'self.model = torch.load(FILE, map_location="cpu", weights_only=False).eval()',
      false,
    ],
    ['checkpoint.ckpt', 'self.model.load_state_dict(saved[names[0]] if names else saved)', true],
  ])('for %s of PyTorch loads it as it was saved', async (name, load, needsClass) => {
    const bytes = readFileSync(new URL(`../../fixtures/torch/${name}`, import.meta.url));

    const { code, requirements } = await draftPredict([memoryFile(name, bytes)]);

    expect(code).toContain(`        ${load}\n`);
    expect(code.includes('from model import Net')).toBe(needsClass);
    expect(requirements).toEqual(['torch', 'numpy']);
  });

  it('for a module of PyTorch that a script pickled whole puts its class where Python looks for it', async () => {
    const pickled = Buffer.from('\x80\x02c__main__\nNet\n)\x81.', 'latin1');
    const zip = zipOf([
      { name: 'm/data.pkl', content: pickled },
      { name: 'm/version', content: '3\n' },
    ]);

    const { code } = await draftPredict([memoryFile('m.pt', zip)]);

    expect(code).toContain('from model import Net\n');
    expect(code.indexOf('sys.modules["__main__"].Net = Net')).toBeLessThan(
      code.indexOf('torch.load(FILE'),
    );
  });

  it('for a CatBoost model, which may take embeddings, has CatBoost answer its columns', async () => {
    const { code, requirements } = await draftPredict([memoryFile('m.cbm', 'CBM1')]);

    expect(code).toContain('        self.model = catboost.CatBoost().load_model(FILE)\n');
    expect(code).not.toContain('NotImplementedError');
    expect(requirements).toEqual(['catboost', 'pandas']);
  });

  it.each([
    ['m.txt', 'tree\nversion=v4\nnum_class=1\n', 'lightgbm.Booster(model_file=FILE)', 'lightgbm'],
    [
      'm.ubj',
      '{L\x00\x00\x00\x00\x00\x00\x00\x07learner{',
      'xgboost.Booster(model_file=FILE)',
      'xgboost-cpu',
    ],
  ])(
    'for %s, which may have too many columns to name, has its framework answer them by name',
    async (name, text, load, needs) => {
      const { code, requirements } = await draftPredict([
        memoryFile(name, Buffer.from(text, 'latin1')),
      ]);

      expect(code).toContain(`        self.model = ${load}\n`);
      expect(code).toContain('pd.DataFrame(rows)[names]');
      expect(requirements).toEqual([needs, 'pandas']);
    },
  );

  it('for a folder that MLflow saved has MLflow load it', async () => {
    const files = [memoryFile('m/MLmodel', ''), memoryFile('m/model.pkl', 'x')];

    const { code, requirements } = await draftPredict(files);

    expect(code).toContain('FILE = "m"\n');
    expect(code).toContain('        self.model = mlflow.pyfunc.load_model(FILE)\n');
    expect(requirements).toEqual(['mlflow']);
  });

  it('for a pickle of several things takes the one that predicts, by the scikit-learn that wrote it', async () => {
    const { path, versions } = fixtureOf('corpus', 'DictOfParts-1.8.pkl');

    const { code, requirements } = await draftPredict([memoryFile('m.joblib', readFileSync(path))]);

    expect(code).toContain('for part in parts if hasattr(part, name))');
    expect(code).toContain('pd.DataFrame(rows, columns=list(self.columns))');
    expect(requirements).toEqual([
      'joblib',
      'numpy',
      'pandas',
      `scikit-learn==${versions['scikit-learn']}`,
    ]);
  });

  it('for a pickle that begins with what takes objects gives it these, and no table', async () => {
    const bytes = Buffer.from('\x80\x04csklearn.pipeline\nPipeline\n.', 'latin1');

    const { code } = await draftPredict([memoryFile('m.pkl', bytes)]);

    expect(code).toContain('begins in ("DictVectorizer", "FeatureHasher")');
    expect(code).toMatch(
      /if self\.takes_objects:\n\s+rows = \[rows\] if isinstance\(rows, dict\) else rows\n/,
    );
  });

  it('for a pickle by cloudpickle names that', async () => {
    const bytes = Buffer.from('\x80\x04ccloudpickle.cloudpickle\nsubimport\n.', 'latin1');

    const { requirements } = await draftPredict([memoryFile('m.pkl', bytes)]);

    expect(requirements).toEqual(['joblib', 'numpy', 'pandas', 'scikit-learn', 'cloudpickle']);
  });

  it('for a pickle by dill has dill load it', async () => {
    const bytes = Buffer.from('\x80\x04cdill._dill\n_create_type\n.', 'latin1');

    const { code, requirements } = await draftPredict([memoryFile('m.dill', bytes)]);

    expect(code).toContain('            saved = dill.load(file)\n');
    expect(code).not.toContain('joblib');
    expect(requirements).toEqual(['numpy', 'pandas', 'scikit-learn', 'dill']);
  });

  it('for a pickle names the scikit-learn and packages that stand after what nothing may load', async () => {
    const table = '(cpandas.core.frame\nDataFrame\n)\x81(I1\nI2\ntb';
    const model =
      'csklearn.linear_model._ridge\nRidge\n)\x81}X\x10\x00\x00\x00_sklearn_versionX\x05\x00\x00\x001.8.0sb';
    const booster = 'clightgbm.basic\nBooster\nt.';
    const bytes = Buffer.from(`\x80\x02${table}${model}${booster}`, 'latin1');

    const { requirements } = await draftPredict([memoryFile('m.pkl', bytes)]);

    expect(requirements).toContain('scikit-learn==1.8.0');
    expect(requirements).toContain('lightgbm');
  });

  it.each([
    ['hdbscan.hdbscan_\nHDBSCAN', 'hdbscan.approximate_predict(self.model', 'hdbscan'],
    ['sklearn_crfsuite.estimator\nCRF', 'def predict(self, sentences)', 'sklearn-crfsuite'],
    ['river.linear_model.log_reg\nLogisticRegression', '"predict_one", "score_one"', 'river'],
    ['lifelines.fitters\nCoxPHFitter', 'predict_partial_hazard', 'lifelines'],
    [
      'surprise.prediction_algorithms\nSVD',
      'predict(pair["user"], pair["item"]).est',
      'scikit-surprise',
    ],
    ['statsmodels.tsa.arima\nARIMA', 'self.model.forecast(steps, **more)', 'statsmodels'],
    ['prophet.forecaster\nProphet', 'self.model.make_future_dataframe(periods', 'prophet'],
    ['pyod.models.ecod\nECOD', 'self.model.decision_function(rows)', 'pyod'],
    ['pmdarima.arima.arima\nARIMA', 'self.model.predict(steps, X=more)', 'pmdarima'],
    ['sktime.forecasting.naive\nNaiveForecaster', 'self.model.predict(fh=', 'sktime'],
    ['tslearn.clustering.kmeans\nTimeSeriesKMeans', 'to_time_series_dataset(series)', 'tslearn'],
    ['darts.models.forecasting\nARIMA', 'self.model.predict(steps).values()', 'darts'],
    ['implicit.cpu.als\nAlternatingLeastSquares', 'self.model.similar_items(item', 'implicit'],
    ['econml.dml.dml\nLinearDML', 'self.model.effect(', 'econml'],
    ['skorch.classifier\nNeuralNetClassifier', 'np.asarray(rows, "float32")', 'torch'],
    ['imblearn.pipeline\nPipeline', 'pd.DataFrame(rows)', 'imbalanced-learn'],
    ['umap.umap_\nUMAP', '("predict", "transform")', 'umap-learn'],
    ['pygam.pygam\nLogisticGAM', '("predict", "transform")', 'pygam'],
    ['flaml.automl.automl\nAutoML', 'pd.DataFrame(rows)', 'flaml[automl]'],
    ['lightgbm.sklearn\nLGBMClassifier', 'pd.DataFrame(rows)', 'lightgbm'],
  ])('for a pickle that names %j asks it as its library does', async (names, says, needs) => {
    const bytes = Buffer.from(`\x80\x04c${names}\n.`, 'latin1');

    const { code, requirements } = await draftPredict([memoryFile('m.pkl', bytes)]);

    expect(code).toContain(says);
    expect(requirements).toContain(needs);
  });

  // A request of `dataframe_records` or CSV gives it a table of pandas, which has no row under [0].
  it.each([
    'river.linear_model.log_reg\nLogisticRegression',
    'lifelines.fitters\nCoxPHFitter',
    'prophet.forecaster\nProphet',
    'pyod.models.ecod\nECOD',
    'skorch.classifier\nNeuralNetClassifier',
  ])('for a pickle that names %j takes tables too', async (names) => {
    const bytes = Buffer.from(`\x80\x04c${names}\n.`, 'latin1');

    const { code } = await draftPredict([memoryFile('m.pkl', bytes)]);

    const [, answer = ''] = code.split('def predict(');
    expect(answer.indexOf('rows = rows.to_dict("records") if hasattr(')).toBeGreaterThan(-1);
    expect(answer.indexOf('rows.to_dict(')).toBeLessThan(
      answer.search(/isinstance\(rows|rows is None/),
    );
  });

  it('for a model of tslearn has its distances compiled before a client asks', async () => {
    const bytes = Buffer.from('\x80\x04ctslearn.clustering.kmeans\nTimeSeriesKMeans\n.', 'latin1');

    const { code } = await draftPredict([memoryFile('m.pkl', bytes)]);

    const [setup] = code.split('def predict(self, series)');
    expect(setup).toContain('self.ask(fitted[:1])');
  });

  it('for a pickle of what a notebook defined puts that where Python looks for it', async () => {
    const names = [
      'skorch.classifier\nNeuralNetClassifier',
      '__main__\nNet',
      '__main__\nNet',
      '__main__\nCut',
    ]
      .map((name) => `c${name}\n0`)
      .join('');

    const { code } = await draftPredict([
      memoryFile('m.pkl', Buffer.from(`\x80\x04${names}N.`, 'latin1')),
    ]);

    expect(code).toContain('\nfrom model import Cut, Net\n');
    expect(code).toContain('        sys.modules["__main__"].Cut = Cut\n');
    expect(code.indexOf('sys.modules["__main__"].Net = Net')).toBeLessThan(
      code.indexOf('joblib.load(FILE)'),
    );
  });

  it('for a network of skorch takes rows of a table by name, and numbers in single precision', async () => {
    const bytes = Buffer.from('\x80\x04cskorch.classifier\nNeuralNetClassifier\n.', 'latin1');

    const { code, requirements } = await draftPredict([memoryFile('m.pkl', bytes)]);

    expect(code).toContain(
      'rows = pd.DataFrame(rows) if is_table else np.atleast_2d(np.asarray(rows, "float32"))',
    );
    expect(requirements).toContain('pandas');
  });

  it('for a pickle of pmdarima, which holds models of statsmodels, asks pmdarima', async () => {
    const names = 'cstatsmodels.tsa.arima\nARIMA\n0cpmdarima.arima.arima\nARIMA\n.';

    const { code, requirements } = await draftPredict([
      memoryFile('m.pkl', Buffer.from(`\x80\x04${names}`, 'latin1')),
    ]);

    expect(code).toContain('self.model.predict(steps, X=more)');
    expect(requirements).toEqual(expect.arrayContaining(['pmdarima', 'statsmodels']));
  });

  const drafted = (config: object, more: Readonly<Record<string, string>> = {}) =>
    draftPredict([
      memoryFile('config.json', JSON.stringify(config)),
      memoryFile('model.safetensors', ''),
      ...Object.entries(more).map(([name, text]) => memoryFile(name, text)),
    ]);

  it.each<[string, object, string, string]>([
    [
      'WhisperForConditionalGeneration',
      {},
      'pipeline("automatic-speech-recognition", model=FILE)',
      'soundfile',
    ],
    ['ASTForAudioClassification', {}, 'def predict(self, audio)', 'scipy'],
    ['ClapModel', {}, 'self.model(heard, candidate_labels=labels)', 'soundfile'],
    ['VitsModel', {}, 'soundfile.write(written', 'soundfile'],
    ['CLIPModel', { vision_config: {} }, 'def predict(self, image, labels)', 'pillow'],
    ['DetrForObjectDetection', {}, 'return self.model(picture)', 'pillow'],
    ['SegformerForSemanticSegmentation', {}, '"mask": self.shown(each["mask"])', 'pillow'],
    ['DPTForDepthEstimation', {}, '"depth": self.shown(', 'pillow'],
    ['VideoMAEForVideoClassification', {}, 'def predict(self, video)', 'av'],
    [
      'LlavaForConditionalGeneration',
      { vision_config: {} },
      'AutoModelForImageTextToText',
      'pillow',
    ],
    [
      'Qwen2AudioForConditionalGeneration',
      { audio_config: {} },
      'def predict(self, audio, text)',
      'soundfile',
    ],
    [
      'T5ForConditionalGeneration',
      { chronos_config: {} },
      'BaseChronosPipeline.from_pretrained(FILE)',
      'chronos-forecasting',
    ],
    ['T5ForConditionalGeneration', {}, 'AutoModelForSeq2SeqLM.from_pretrained(FILE)', 'torch'],
    ['BertForQuestionAnswering', {}, 'def predict(self, question, context)', 'torch'],
  ])('for %s of transformers answers by its task', async (architecture, over, says, needs) => {
    const { code, requirements } = await drafted({ architectures: [architecture], ...over });

    expect(code).toContain(says);
    expect(requirements).toContain(needs);
    expect(code).not.toContain('trust_remote_code');
  });

  it('for modules of sentence-transformers loads all of them', async () => {
    const modules = JSON.stringify([{ type: 'sentence_transformers.models.Transformer' }]);
    const below = ['1_Pooling', '2_Dense', '3_Dense', '4_Normalize'].map((name) => [
      `${name}/config.json`,
      '{}',
    ]);

    const { code, requirements } = await drafted(
      { architectures: ['BertModel'] },
      { ...Object.fromEntries(below), 'modules.json': modules },
    );

    expect(code).toContain('SentenceTransformer(FILE)');
    expect(requirements).toEqual(['sentence-transformers']);
  });

  it('for a network finds its configuration before those that lie below it', async () => {
    const files = ['a/b/config.json', 'a/c/config.json', 'a/d/config.json'].map((name) =>
      memoryFile(name, '{}'),
    );
    const network = JSON.stringify({ architectures: ['ViTModel'], num_channels: 3 });

    const { code } = await draftPredict([
      ...files,
      memoryFile('config.json', network),
      memoryFile('model.safetensors', ''),
    ]);

    expect(code).toContain('pipeline("image-feature-extraction"');
  });

  it("for a network of its author's code runs that, and says so", async () => {
    const config = { architectures: ['OwnForCausalLM'], auto_map: { AutoModel: 'own.Own' } };

    const { code } = await drafted(config);

    expect(code).toContain('model=FILE, trust_remote_code=True)');
    expect(code).toContain('leave it only where you have read that');
  });

  it('for a configuration that is no JSON is one all the same', async () => {
    const files = [
      memoryFile('config.json', '{"model_type": "x"'),
      memoryFile('model.safetensors', ''),
    ];

    expect((await draftPredict(files)).code).toContain('pipeline("feature-extraction"');
  });

  it.each<[string, Readonly<Record<string, string>>, string, string]>([
    [
      'a pipeline of diffusers',
      { 'model_index.json': '{"_class_name": "X"}', 'unet/config.json': '{}' },
      'DiffusionPipeline.from_pretrained(FILE',
      'diffusers',
    ],
    [
      'an adapter',
      { 'adapter_config.json': '{"peft_type": "LORA"}', 'adapter_model.safetensors': '' },
      'PeftModel.from_pretrained(base, FILE)',
      'peft',
    ],
    [
      'ONNX Runtime GenAI',
      { 'genai_config.json': '{"model": {}}', 'model.onnx': '' },
      'genai.Model(FILE)',
      'onnxruntime-genai',
    ],
    [
      'CTranslate2',
      { 'model.bin': '', 'vocabulary.json': '[]' },
      'ctranslate2.Translator(FILE)',
      'ctranslate2',
    ],
    ['PaddlePaddle', { 'm.pdmodel': '', 'm.pdiparams': '' }, 'create_predictor', 'paddlepaddle'],
    ['Orbax', { _CHECKPOINT_METADATA: '{}' }, 'ocp.StandardCheckpointer()', 'orbax-checkpoint'],
    ['Flax', { 'm.msgpack': '' }, 'msgpack_restore', 'flax'],
    ['ExecuTorch', { 'm.pte': '' }, 'load_method("forward")', 'executorch'],
    ['fastText', { 'm.ftz': '' }, 'fasttext.load_model(FILE)', 'fasttext-wheel'],
    ['vectors of gensim', { 'm.kv': '' }, 'KeyedVectors.load(FILE)', 'gensim'],
    ['vectors of word2vec', { 'm.vec': '' }, 'load_word2vec_format(FILE', 'gensim'],
    [
      'a model of gensim',
      { 'm.model': '\x80\x04cgensim.models.word2vec\nWord2Vec\n.' },
      'SaveLoad.load(FILE)',
      'gensim',
    ],
  ])('for %s loads it', async (_, files, says, needs) => {
    const { code, requirements } = await draftPredict(
      Object.entries(files).map(([name, text]) => memoryFile(name, Buffer.from(text, 'latin1'))),
    );

    expect(code).toContain(says);
    expect(requirements).toContain(needs);
  });
});
