declare global {
  const secret: string;
}
