//! A customer's AWS as the product needs it, over the real SDK.
