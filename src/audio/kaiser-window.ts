/** The Kaiser window: of all windows with that many taps, nearly the one with the steepest filter. */

/** Window at `x` of -1..1, zero at both ends and beyond, for a stop band `attenuationDb` (above 50) down. */
export function kaiserWindow(x: number, attenuationDb: number): number {
  if (Math.abs(x) >= 1) return 0;
  const beta = 0.1102 * (attenuationDb - 8.7);
  return besselI0(beta * Math.sqrt(1 - x * x)) / besselI0(beta);
}

/** Modified Bessel function of the first kind, order zero, by its power series. */
function besselI0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-16; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
