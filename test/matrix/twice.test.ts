import { faultMatrix } from '../support/faults/matrix.ts';

faultMatrix('twice', 'matrix/twice');
