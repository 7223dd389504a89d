package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"
)

const ginContribName = "session"

// ginContrib is gin-contrib/sessions with renewal: each request stores its
// session again, as there is no other way to make its time start anew.
func ginContrib(store sessions.Store) *gin.Engine {
	store.Options(sessions.Options{Path: "/", MaxAge: int(idleTimeout / time.Second), HttpOnly: true})
	r := newGin()
	middleware := sessions.Sessions(ginContribName, store)
	r.GET("/login/:user", middleware, func(c *gin.Context) {
		user, _ := strconv.Atoi(c.Param("user"))
		s := sessions.Default(c)
		for name, value := range payload(user) {
			s.Set(name, value)
		}
		saved(c, s.Save())
	})
	r.GET("/me", middleware, func(c *gin.Context) {
		s := sessions.Default(c)
		openID, _ := s.Get("openid").(string)
		uid, _ := s.Get("uid").(string)
		s.Set("seen", time.Now().Unix()) // Save does nothing otherwise
		if err := s.Save(); err != nil {
			saved(c, err)
			return
		}
		ginReply(c, openID, uid)
	})
	return r
}

func saved(c *gin.Context, err error) {
	if err != nil {
		c.Status(http.StatusInternalServerError)
	} else {
		c.Status(http.StatusNoContent)
	}
	c.Writer.WriteHeaderNow()
}

// ginContribLogin returns the cookies of n users.
func ginContribLogin(r *gin.Engine, n int) ([]string, error) {
	cookies := make([]string, n)
	for i := range cookies {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest("GET", fmt.Sprintf("/login/%d", i), nil))
		set := w.Result().Cookies()
		if len(set) != 1 || w.Code != http.StatusNoContent {
			return nil, fmt.Errorf("gin-contrib/sessions has answered a login with %d and %d cookies", w.Code, len(set))
		}
		cookies[i] = set[0].Name + "=" + set[0].Value
	}
	return cookies, nil
}

func onGinContrib(store sessions.Store) (pair, error) {
	r := ginContrib(store)
	cookies, err := ginContribLogin(r, users)
	return pairOf(r, "Cookie", cookies), err
}
