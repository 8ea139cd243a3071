import { planOf } from '../respond/plan.ts';
import type { Changed, Proposed } from '../respond/proposals.ts';
import type { DryRun } from '../respond/responder.ts';
import type { Response } from '../respond/response.ts';
import { ApiError, notFound } from './errors.ts';

/** What the responder said, as an answer of the API. */
export const view = (response: Response) => ({ ...response, plan: planOf(response) });

export function proposed(result: Proposed): ReturnType<typeof view> {
  if (result.ok) return view(result.response);
  if ('id' in result) {
    throw new ApiError(409, 'exists', `there is such a response already: ${result.id}`);
  }
  throw new ApiError(422, result.reason || 'refused', result.detail);
}

export function changed(result: Changed): ReturnType<typeof view> {
  if (result.ok) return view(result.response);
  switch (result.reason) {
    case 'not-found':
      return notFound('response');
    case 'expired':
      throw new ApiError(409, 'expired', 'the proposal has expired');
    case 'wrong-state':
      throw new ApiError(409, 'wrong-state', 'the response is not in a state that allows this');
    case 'paused':
      throw new ApiError(409, 'paused', 'responses are paused: nothing new begins');
    case 'same-person':
      throw new ApiError(409, 'same-person', 'four eyes: somebody else has to approve');
    case 'not-a-person':
      throw new ApiError(409, 'not-a-person', 'four eyes: somebody with a name has to approve');
  }
}

export function tried(result: DryRun) {
  if (result.ok) {
    return { dryRun: true, outcome: result.outcome, plan: planOf(result.response) };
  }
  switch (result.reason) {
    case 'not-found':
      return notFound('response');
    case 'no-cluster':
      throw new ApiError(409, 'no-cluster', 'the collector is connected to no cluster');
  }
}
