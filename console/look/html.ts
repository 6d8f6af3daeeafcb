import { html as tagged } from 'htm/preact';

/** Markup as a template. Every value in it becomes text or a property: nothing that a model, an upload or a person has named is ever read as markup. */
export const html = tagged;
