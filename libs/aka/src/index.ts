export {
  AKA_ALGORITHMS,
  akaHa1,
  akaNonce,
  akaPassword,
  akaSessionKeys,
  type AkaVersion,
  akaVersionOf,
  readAkaNonce,
} from './digest-aka.js';
export { autsOf, type MilenageSecrets, opcOf, sqnOfAuts, type Vector, vectorOf } from './milenage.js';
export { nextSqn, resumedSqn, sqnBytes, sqnOf } from './sequence-number.js';
export { Usim, type UsimAnswer } from './usim.js';
