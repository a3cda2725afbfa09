// Account and number events in words (backend.md §9).
import type { AccountEvent, LineNumberEvent } from '#libs/domain';

/** One line without the time. */
export const accountWords = ({ type, data }: AccountEvent): string => {
  switch (type) {
    case 'AccountCreated':
      return `created for ${data.fullName}, by ${data.by}`;
    case 'AccountPasswordChanged':
      return `another password, by ${data.by}`;
    case 'AccountRoleChanged':
      return `is ${data.role === 'operator' ? 'an operator' : 'a user'} now, by ${data.by}`;
    case 'AccountDeleted':
      return `deleted, by ${data.by}`;
  }
};

/** One line without the time. */
export const numberWords = ({ type, data }: LineNumberEvent): string => {
  switch (type) {
    case 'NumberAllocated':
      return `belongs to ${data.account} (${data.privateId})${data.pstn ? ', of the public network' : ''}${data.specified ? ', as it was asked for' : ''}, by ${data.by}`;
    case 'NumberProvisioned':
      return `works for ${data.account}`;
    case 'NumberListed':
      return `${data.listed ? 'stands' : 'stands no longer'} in the address book, by ${data.by}`;
    case 'NumberReleased':
      return `free again, was of ${data.account}, by ${data.by}`;
  }
};
