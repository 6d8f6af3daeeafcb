/** The ports that are tried first where none is asked for. */
export const USUAL_PORTS = { gateway: 8080, control: 8081 } as const;
