"""Files that lie elsewhere, read by ranges: web servers, model hubs, object stores."""
