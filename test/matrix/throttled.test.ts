import { faultMatrix } from '../support/faults/matrix.ts';

faultMatrix('throttled', 'matrix/throttled');
