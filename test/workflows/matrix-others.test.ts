import { faultMatrix } from '../support/fault-matrix.ts';
import { OTHER_SCENARIOS } from '../support/fault-scenarios.ts';

await faultMatrix('on no target in particular', OTHER_SCENARIOS);
