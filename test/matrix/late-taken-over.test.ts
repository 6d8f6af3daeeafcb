import { faultMatrix } from '../support/faults/matrix.ts';

faultMatrix('late, taken over', 'matrix/late-taken-over');
