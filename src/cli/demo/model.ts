/** What the demo calls its model. */
export const DEMO_MODEL = 'ocr';
