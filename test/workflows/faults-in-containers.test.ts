import { faultsIn } from '../support/fault-matrix.ts';

faultsIn('container', 'workflows/faults-in-containers');
