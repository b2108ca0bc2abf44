"""The queue of the tick on SQS: ranges of the due index, and those that could not be settled."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Final

import msgspec

from chalicelib.domain.errors import Unavailable
from chalicelib.integrations import sqs
from chalicelib.usecases.stored import IndexRange

#: SQS takes and gives no more messages in one call.
BATCH_MAX: Final = 10

# Delayed messages wait too; those in flight are being worked on, or failed and will be tried again.
_WAITING: Final = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed")
_STRETCH: Final = msgspec.json.Decoder(IndexRange)


def encode(index_range: IndexRange) -> str:
    """Return a message's body."""
    return msgspec.json.encode(index_range).decode()


def decode(body: str) -> IndexRange:
    """Read a message's body; raises ``msgspec.MsgspecError`` where it is none of ours."""
    return _STRETCH.decode(body)


class SqsTickQueue:
    """The queue of one deployment (`ports.TickQueue`); its client is made at the first call."""

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def _client(self) -> Any:
        return sqs.client_for(self._url)

    def waiting(self) -> int:
        """
        Return about how many messages nobody has received yet.

        SQS counts within about a minute.  Raises `Unavailable` where the queue cannot be asked.
        """
        answer = self._ask(
            "get_queue_attributes", QueueUrl=self._url, AttributeNames=list(_WAITING)
        )
        return sum(int(answer["Attributes"][name]) for name in _WAITING)

    def send(self, index_ranges: Sequence[IndexRange]) -> int:
        """
        Send a message for each of up to ten ranges, and return how many the queue took.

        Raises `Unavailable` where it is not known to have taken any.
        """
        messages = [
            {"Id": str(number), "MessageBody": encode(index_range)}
            for number, index_range in enumerate(index_ranges)
        ]
        answer = self._ask("send_message_batch", QueueUrl=self._url, Entries=messages)
        return len(answer.get("Successful", ()))

    def _ask(self, operation: str, **arguments: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**arguments)
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("queue_unavailable", "The queue did not answer.") from error
        return answer


def redrive(queue_url: str) -> Iterator[int]:
    """
    Send every message of a queue's dead-letter queue to the queue again.

    Yields how many went in each step.  A message is taken away once its copy is sent, so whoever
    stops this in between leaves one message twice, which is harmless.  Raises `LookupError` where
    the queue has no dead-letter queue, botocore's errors where SQS refuses.
    """
    client = sqs.client_for(queue_url)
    dead = _dead_letter_queue(client, queue_url)
    # Waiting makes SQS ask all of its servers, so that nothing found means that nothing is there.
    asked = {"QueueUrl": dead, "MaxNumberOfMessages": BATCH_MAX, "WaitTimeSeconds": 1}
    while messages := client.receive_message(**asked).get("Messages"):
        for message in messages:
            client.send_message(QueueUrl=queue_url, MessageBody=message["Body"])
            client.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])
        yield len(messages)


def _dead_letter_queue(client: Any, queue_url: str) -> str:
    answer = client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["RedrivePolicy"])
    policy = answer.get("Attributes", {}).get("RedrivePolicy")
    if policy is None:
        raise LookupError("the queue has no dead-letter queue")
    name = json.loads(policy)["deadLetterTargetArn"].rpartition(":")[2]
    return str(client.get_queue_url(QueueName=name)["QueueUrl"])
