import { faultMatrix } from '../support/fault-matrix.ts';

faultMatrix('error before');
