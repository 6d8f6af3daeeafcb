import * as z from 'zod/mini';
import { FORMATS } from '#domain/artifact/format.ts';

const GLOBAL_FORM =
  'expected the full name of a global, `package.module.name`; there are no wildcards';
const PYTHON_FORM = 'expected a Python version from "3.9" to "3.13", in quotes';
const PACKAGE_FORM =
  'expected a requirement that pip installs from an index: `pandas==2.2.3`, `scipy>=1.11,<2`';

/** The manifest's `model`: the format and the content of the artifact. */
export const modelSchema = z.strictObject({
  format: z
    ._default(z.enum(['auto', ...FORMATS]), 'auto')
    .check(z.describe('The format of the artifact, if it could have more than one.')),
  path: z.exactOptional(
    z
      .string()
      .check(
        z.minLength(1),
        z.describe('The file of the model within the artifact, if there is more than one.'),
      ),
  ),
  allowPickle: z
    ._default(
      z
        .array(z.string().check(z.regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$/, { error: GLOBAL_FORM })))
        .check(z.maxLength(100)),
      [],
    )
    .check(
      z.describe(
        'Globals that a pickle may use besides those of the frameworks, each by its full name: they are called when the model is loaded.',
      ),
    ),
});

const [MIN_CONTEXT, MAX_CONTEXT] = [128, 4_194_304];

const IMAGE_FORM =
  'expected an image by its digest, which no push can change: `REPOSITORY@sha256:…`';
const PATH_FORM = 'expected a path that begins with a slash and has no query: `/predict`';
const path = z
  .string({ error: PATH_FORM })
  .check(z.regex(/^\/[\w.~%!$&'()*+,;=:@/-]*$/, { error: PATH_FORM }), z.maxLength(200));

/** The manifest's `runtime`: how the model is served. */
export const runtimeSchema = z.strictObject({
  image: z.exactOptional(
    z
      .string({ error: IMAGE_FORM })
      .check(
        z.regex(/^[a-z0-9][a-z0-9._:/-]{0,254}@sha256:[0-9a-f]{64}$/, { error: IMAGE_FORM }),
        z.describe(
          'An image of your own that serves the model, by its digest: REPOSITORY@sha256:….',
        ),
      ),
  ),
  port: z.exactOptional(
    z
      .int()
      .check(
        z.gte(1),
        z.lte(65_535),
        z.describe(
          'The port on which the server of your own image listens; by default 8080. It is passed to the server as PORT.',
        ),
      ),
  ),
  healthPath: z.exactOptional(
    path.check(
      z.describe('The path that this server answers with 200 once it is ready; by default /ping.'),
    ),
  ),
  requestPath: z.exactOptional(
    path.check(
      z.describe(
        'The path to which the requests of the examples are posted; by default /invocations.',
      ),
    ),
  ),
  contextTokens: z.exactOptional(
    z
      .int()
      .check(
        z.gte(MIN_CONTEXT),
        z.lte(MAX_CONTEXT),
        z.describe(
          'How many tokens a request to a language model and its answer may have together; by default 4096, or the maximum of the model if that is lower. Memory grows with it.',
        ),
      ),
  ),
  requestsAtOnce: z.exactOptional(
    z
      .int()
      .check(
        z.gte(1),
        z.lte(64),
        z.describe(
          'How many requests a replica of a language model answers side by side; by default 1. Each takes memory for its context.',
        ),
      ),
  ),
  optimize: z
    ._default(z.enum(['auto', 'none', 'int8']), 'auto')
    .check(
      z.describe(
        '`auto` serves forests, boosted trees, linear models and encoders in safetensors as ONNX if that gives the same answers; `none` always serves them with their framework. `int8`, for encoders in safetensors, stores the weights in a quarter of the bytes if 200 texts get nearly the same answers; else it is like `auto`.',
      ),
    ),
  network: z
    ._default(z.enum(['none', 'open']), 'none')
    .check(
      z.describe(
        'Whether the code of a model may reach the network when it runs as a process on one machine: `none` or `open`. Elsewhere its target decides.',
      ),
    ),
});

/** The manifest's `build`: the model's Python environment, overriding its artifact. */
export const buildSchema = z.strictObject({
  pythonVersion: z.exactOptional(
    z
      .string({ error: PYTHON_FORM })
      .check(
        z.regex(/^3\.(9|1[0-3])$/, { error: PYTHON_FORM }),
        z.describe('The Python version of the model, in quotes: "3.9" to "3.13".'),
      ),
  ),
  requirements: z.exactOptional(
    z
      .array(
        z.string().check(
          z.regex(
            /^[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,._ -]+\])?\s*([=<>!~]=?=?\s*[A-Za-z0-9.*+!_-]+\s*(,\s*[=<>!~]=?=?\s*[A-Za-z0-9.*+!_-]+\s*)*)?$/,
            {
              error: PACKAGE_FORM,
            },
          ),
        ),
      )
      .check(
        z.maxLength(200),
        z.describe('The packages that the model needs besides its framework.'),
      ),
  ),
});

export const entrypoint = z.string().check(
  z.regex(/^(?!\/)(?!.*(^|\/)\.{0,2}\/)[\w./-]+\.py(:[A-Za-z_]\w*)?$/, {
    error:
      'expected a Python file of the artifact, and the function or class in it that answers: `predict.py:Predictor`',
  }),
  z.describe(
    'The function or class that answers in the artifact\u2019s own code: `predict.py:Predictor`.',
  ),
);
