"""Images in requests, and a model that tells what is in them."""
