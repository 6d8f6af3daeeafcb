import { faultMatrix } from '../support/faults/matrix.ts';

faultMatrix('stale', 'matrix/stale');
