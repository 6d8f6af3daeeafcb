// Loads a model as its server does.
import { InferenceSession } from 'onnxruntime-node';

await InferenceSession.create(process.argv[2], { logSeverityLevel: 4 });
