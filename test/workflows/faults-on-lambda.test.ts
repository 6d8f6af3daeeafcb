import { faultsIn } from '../support/fault-matrix.ts';

faultsIn('function', 'workflows/faults-on-lambda');
