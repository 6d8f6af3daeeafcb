import type { Draft } from '../ask.ts';
import type { Model } from '../model.ts';

/** The parts of a request that are shown with its answer. */
export type Subject = {
  /** The address of the picture, for boxes. */
  readonly picture?: string;
  /** The text, for marks in it. */
  readonly text?: string;
  /** Documents that were ranked. */
  readonly documents?: readonly string[];
};

/** A form tells the page with each change what it would send, or undefined while that is nothing whole. */
export type InputProps<Form> = {
  readonly form: Form;
  readonly model: Model;
  readonly change: (draft: Draft | undefined, subject?: Subject) => void;
};
