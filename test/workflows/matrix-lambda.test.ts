import { faultMatrix } from '../support/fault-matrix.ts';
import { scenariosOn } from '../support/fault-scenarios.ts';

await faultMatrix('on lambda', scenariosOn('lambda'));
