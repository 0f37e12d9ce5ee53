"""Wrong apps made from right ones: every small change that a streaming server's author might make by mistake."""
