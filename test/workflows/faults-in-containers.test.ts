import { faultsIn } from '../support/faults/matrix.ts';

faultsIn('container', 'workflows/faults-in-containers');
