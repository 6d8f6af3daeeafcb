"""Images in requests, and a model that classifies them."""
