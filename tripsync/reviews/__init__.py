"""Reviews: what riders say of each other when a ride is over.

They are written blind. Others may read a review once both have reviewed each other, or seven
days after it was written, and until then nothing tells that it is there.
"""

from tripsync.reviews import reading, replying, writing

blueprints = (
    writing.blueprint,
    replying.blueprint,
    reading.blueprint,
)
