// Which servers there are, as the configuration says: of the environment, or of the shared configuration, where it may change under way.
// Read by Astaire; clients never see it.

export type Topology = Readonly<{
  servers: readonly string[];
  replicas: number;
  /** Rises with each change that is shared; who knows an older one undoes nothing. */
  revision: number;
}>;
