/** The ports that are tried first by default. */
export const USUAL_PORTS = { gateway: 8080, control: 8081, s3: 8082, others: 8083 } as const;
