package wxapi

// DecryptUserCrypto opens what a mini program has encrypted with a key of
// wx.getUserCryptoManager, found on this side by Client.UserEncryptKeys and the
// version that the mini program sent along. WeChat fixes the key and an iv of
// 16 characters, and leaves the rest to the application. This function's
// convention is AES-128-CBC with PKCS#7 padding, the key decoded from base64,
// the iv's 16 ASCII characters as they are, and the ciphertext in base64.
// Every failure is ErrInvalidData.
//
// The ciphertext is not authenticated, and there is no watermark: whoever can
// send many variants and learn which of them fail can decrypt by trial. Give
// one uniform answer to all failures, or let the mini program add a MAC.
func DecryptUserCrypto(key UserKey, encrypted string) ([]byte, error) {
	if len(encrypted) > maxEncrypted {
		return nil, ErrInvalidData
	}
	data, ok1 := unbase64(encrypted)
	secret, ok2 := unbase64(key.Key.Reveal())
	if !ok1 || !ok2 {
		return nil, ErrInvalidData
	}
	plain, ok := decryptCBC(secret, []byte(key.IV), data)
	if !ok {
		return nil, ErrInvalidData
	}
	return plain, nil
}
