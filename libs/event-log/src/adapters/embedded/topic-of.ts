// Which topic a stream belongs to, by its name; anything else is a defect of the caller.
import { TOPIC_OF_CATEGORY, type Topic } from '../../event-log.port.js';

const STREAM_LENGTH_MAX = 1_024;

export const topicOf = (stream: string): Topic => {
  const topic = TOPIC_OF_CATEGORY[stream.slice(0, stream.indexOf('-'))];
  if (topic === undefined || stream.length > STREAM_LENGTH_MAX)
    throw new Error(`not a stream's name: ${stream}`);
  return topic;
};
