import { edgesOf, machines } from './asl.ts';

export type { AslState, Edge } from './asl.ts';

export const { definition: deployAsl, states: deployStates, text: deployText } = machines.deploy;

export const edges = () => edgesOf(machines.deploy);
