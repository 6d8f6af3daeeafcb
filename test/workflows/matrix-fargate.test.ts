import { faultMatrix } from '../support/fault-matrix.ts';

await faultMatrix('fargate');
