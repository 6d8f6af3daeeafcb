import { describeRegistry } from '../contracts/registry.ts';
import { memoryRegistry } from './memory-registry.ts';

describeRegistry('memoryRegistry', memoryRegistry);
