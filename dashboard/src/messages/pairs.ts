/** English and Chinese of one text, side by side so that neither is forgotten. `{name}` stands for a value. */
export type Pair = readonly [english: string, chinese: string];
export type Messages = Readonly<Record<string, Pair>>;
