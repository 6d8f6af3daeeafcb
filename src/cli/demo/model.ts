/** The name of the demo's model. */
export const DEMO_MODEL = 'ocr';
