import { describePrices } from '../../contracts/prices.ts';
import { memoryPrices } from './prices.ts';

describePrices('memoryPrices', memoryPrices);
