import { describeRegistry } from '../../contracts/registry.ts';
import { memoryRegistry } from './registry.ts';

describeRegistry('memoryRegistry', memoryRegistry);
