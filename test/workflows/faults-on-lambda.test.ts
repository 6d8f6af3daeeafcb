import { faultsIn } from '../support/faults/matrix.ts';

faultsIn('function', 'workflows/faults-on-lambda');
