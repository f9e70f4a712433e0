"""Views become HTML: templates, and the messages that they are made of."""
