/** The ports that are tried first by default. */
export const USUAL_PORTS = { gateway: 8080, control: 8081 } as const;
